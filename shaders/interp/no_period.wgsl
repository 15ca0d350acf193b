fn wrap(query: Bits) -> Bits { return query; }
