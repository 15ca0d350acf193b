alias Word = u32;
