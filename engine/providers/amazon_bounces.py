"""What Amazon's bounce types mean; Resend, which sends through Amazon, passes them on unchanged.

Source: docs.aws.amazon.com/ses, "Amazon SNS notification contents", bounce types.
"""

from __future__ import annotations

from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce

BY_SUBTYPE = {
    "suppressed": Bounce.SUPPRESSED,
    "onaccountsuppressionlist": Bounce.SUPPRESSED,
    "mailboxfull": Bounce.SOFT,
    "messagetoolarge": Bounce.SOFT,
    "customtimeoutexceeded": Bounce.SOFT,
    "contentrejected": Bounce.POLICY,
    "attachmentrejected": Bounce.POLICY,
}
"""The others (General, NoEmail, Undetermined) do not say why."""


def amazon_bounce(kind: str, subtype: str, status: str, words: str) -> Bounce:
    """The meaning of a bounce.

    Args:
        kind: Permanent, Transient or Undetermined.
        subtype: as in BY_SUBTYPE.
        status: the recipient's enhanced status, "" where there is none.
        words: the receiving server's reply, "" where there is none.
    """
    said = BY_SUBTYPE.get(subtype.lower())
    return said or diagnosed(status, words, hard=kind.lower() == "permanent")
