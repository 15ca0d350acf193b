alias Word = vec2<u32>;
