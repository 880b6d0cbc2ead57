"""What writes pages and pictures of the repository, and looks at a machine; none of it ships."""
