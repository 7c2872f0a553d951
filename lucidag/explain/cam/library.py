"""The formulas of pytorch-grad-cam, on activations and gradients that are there already.

Importing it takes seconds (matplotlib, scikit-learn), so it is imported when one of its methods is asked for. Its
methods use nothing of the objects that they belong to: they are called without one, so that no hook is set.
"""

import numpy as np
from numpy.typing import NDArray


def gradcam_plus_plus_weights(activations: NDArray[np.float32], gradients: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the K weights of Grad-CAM++ (Chattopadhyay et al. 2018, equation 19) from two arrays 1 x K x H x W."""
    from pytorch_grad_cam import GradCAMPlusPlus

    weights = GradCAMPlusPlus.get_cam_weights(None, None, None, None, activations, gradients)
    return np.asarray(weights[0], np.float32)


def layercam(activations: NDArray[np.float32], gradients: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give LayerCAM (Jiang et al. 2021), H x W: each position of each channel has its own weight."""
    from pytorch_grad_cam import LayerCAM

    image = LayerCAM.get_cam_image(None, None, None, None, activations, gradients, False)
    return np.asarray(image[0], np.float32)


def eigencam(activations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give EigenCAM (Muhammad & Yeasin 2020), H x W: the activations along their first principal component."""
    from pytorch_grad_cam import EigenCAM

    image = EigenCAM.get_cam_image(None, None, None, None, activations, None, False)
    return np.asarray(image[0], np.float32)
