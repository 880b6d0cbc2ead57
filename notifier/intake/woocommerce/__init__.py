"""``kind = "woocommerce"``: WooCommerce's webhooks, and its orders over REST."""
