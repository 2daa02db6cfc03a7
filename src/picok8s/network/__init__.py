"""Services to nftables rules, nodes to pod networks."""
