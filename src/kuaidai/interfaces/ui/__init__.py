"""Design tokens, page components, charts and formats shared by portal and console."""
