"""The sample business `shop`: its tables, seeded data, hand-written questions, and the workload that asks them."""
