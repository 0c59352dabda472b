"""Small tools without business meaning. They import nothing of ours."""
