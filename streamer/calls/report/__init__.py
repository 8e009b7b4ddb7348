"""A report of many calls: read from the store (`reading`), put together (`composing`, pure), written as text or HTML."""
