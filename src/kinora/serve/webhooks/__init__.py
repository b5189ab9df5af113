"""Webhooks: whoever wants to be told when a video is done, signed so that they can tell it was us.

`endpoints` keeps where to, `signing` what proves it, `outbox` what is owed, `sending` how it is sent, `courier` when.
"""
