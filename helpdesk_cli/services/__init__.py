"""What the product does; opens transactions and joins the wings below."""
