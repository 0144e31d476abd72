"""Strong rivals: sequential, graph, autoencoder and generative models, own ones and those of Cornac."""
