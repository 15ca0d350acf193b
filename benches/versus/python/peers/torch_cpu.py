"""PyTorch on the CPU."""

from peers import torch


def open():
    return torch.open_on("cpu")


prepare = torch.prepare
