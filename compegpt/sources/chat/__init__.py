"""Chat and vision-chat models that compete as experts, several at once."""

from compegpt.sources.chat.models import ChatModel, chat_models
from compegpt.sources.chat.source import Chat

__all__ = ["Chat", "ChatModel", "chat_models"]
