"""What an editor of texts works with: lint, sizes and prices, patterns, versions, previews, reference pages."""
