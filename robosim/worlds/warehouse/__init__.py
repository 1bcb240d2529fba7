"""The warehouse: `layout` is its data, `generate` draws it, `warehouse` builds it."""
