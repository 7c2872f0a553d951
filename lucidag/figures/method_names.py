"""What readers call the methods that explain."""

METHOD_NAMES = {
    "gradcam": "Grad-CAM",
    "ablationcam": "Ablation-CAM",
    "scorecam": "Score-CAM",
    "gradcam++": "Grad-CAM++",
    "layercam": "Layer-CAM",
    "eigencam": "Eigen-CAM",
    "lime": "LIME",
    "epsilon_plus_flat": "LRP: ε, z+, flat",
    "epsilon_gamma_box": "LRP: ε, γ, box",
    "epsilon_alpha2_beta1": "LRP: ε, α2β1",
    "attention": "attention",
    "centre": "centre of the frame",
    "random": "smooth noise",
}


def method_name(method: str) -> str:
    """Return the name of a method in figures; an unknown one keeps its own."""
    return METHOD_NAMES.get(method, method)
