"""Accounts: keys and roles, quotas, the audit log, reports and appeals."""

from kinora.serve.access.caller import LOCAL, Caller, caller
from kinora.serve.access.roles import LIMITS, MAY, ROLES, Feature, Limits, Role

__all__ = ["LIMITS", "LOCAL", "MAY", "ROLES", "Caller", "Feature", "Limits", "Role", "caller"]
