"""What the shop's pages tell of the books, from kept sums and the rows that came after."""
