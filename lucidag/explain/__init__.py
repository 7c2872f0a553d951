"""Images that are explained, and their explanations as files: what CAM, LIME and their comparison share."""
