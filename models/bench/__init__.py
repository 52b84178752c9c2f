"""What the network alone costs on a GPU in the runtimes that TensorRT has to beat."""
