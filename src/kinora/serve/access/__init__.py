"""Accounts: keys and roles, quotas, the audit log, reports and appeals. `caller` is what every route asks first."""

from kinora.serve.access.access import Access, access_of
from kinora.serve.access.caller import LOCAL, Caller, administrator, caller
from kinora.serve.access.roles import LIMITS, MAY, ROLES, Feature, Limits, Role

__all__ = [
    "LIMITS",
    "LOCAL",
    "MAY",
    "ROLES",
    "Access",
    "Caller",
    "Feature",
    "Limits",
    "Role",
    "access_of",
    "administrator",
    "caller",
]
