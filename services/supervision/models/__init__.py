"""Tables of supervision."""

from services.supervision.models.cards import Card, CardAppeal
from services.supervision.models.escalations import Escalation
from services.supervision.models.orders import OrderReply, SupervisionOrder

__all__ = ["Card", "CardAppeal", "Escalation", "OrderReply", "SupervisionOrder"]
