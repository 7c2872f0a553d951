"""Pictures whose explanations are asked for, and the explanations as files: what CAM, LIME and their comparison share."""
