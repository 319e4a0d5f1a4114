"""Why a place has a service or not: building by building, with who serves them."""
