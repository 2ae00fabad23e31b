"""What a person does to trust a root, platform by platform, in words. Pure, standard library only; may import core."""
