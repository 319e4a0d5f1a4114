"""The ground: PostGIS and spatial operations. Knows neither the web nor folium."""
