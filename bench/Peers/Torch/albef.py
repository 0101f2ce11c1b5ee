"""One training step of ALBEF under Attention Mask Consistency in plain PyTorch, written from docs/specification.md.

It is a peer to measure the engine against, so it is written as one writes fast plain PyTorch 1.13: attention composed
of products and softmax (the fused one has no second derivative), views in place of copies, one optimizer call. With
`lean` it also leaves out what changes no loss, as the engine does (specification, "Where this code differs"): without
it every pass projects the image by itself and computes all rows, as the released code does. Parameters have the names
of official checkpoints.
"""
import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    """Sizes and weights; names of docs/specification.md."""

    image_res: int
    patch: int
    vision_width: int
    vision_depth: int
    vision_heads: int
    hidden: int
    heads: int
    intermediate: int
    layers: int
    first_cross_layer: int
    vocab: int
    max_positions: int
    embed_dim: int
    queue_size: int
    amc_layer: int
    pad_id: int
    cls_id: int
    mask_id: int
    mlp_ratio: float = 4.0
    hidden_dropout: float = 0.0
    attention_dropout: float = 0.0
    momentum: float = 0.995
    temperature: float = 0.07
    alpha: float = 0.4
    mlm_probability: float = 0.15
    distill_over_sequence: bool = True
    add_amc: bool = True
    mean_weight: float = 0.2
    mean_margin: float = 0.1
    max_weight: float = 0.8
    max_margin: float = 0.5
    learning_rate: float = 1e-5
    weight_decay: float = 0.02
    lean: bool = True


def split_heads(x, heads):
    """[B, L, H·d] as [B, H, L, d]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def attend(q, k, v, mask=None, dropout=0.0):
    """Attention on [B, H, L, d] by way of its map: [B, Lq, H·d], and the map before dropout."""
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    probabilities = (scores if mask is None else scores + mask).softmax(-1)
    mixed = (F.dropout(probabilities, dropout) if dropout else probabilities) @ v
    return mixed.transpose(1, 2).flatten(2), probabilities


class VisionAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(attend(q, k, v)[0])


class Mlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1 = nn.LayerNorm(c.vision_width, eps=1e-6)
        self.attn = VisionAttention(c.vision_width, c.vision_heads)
        self.norm2 = nn.LayerNorm(c.vision_width, eps=1e-6)
        self.mlp = Mlp(c.vision_width, int(c.vision_width * c.mlp_ratio))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbedding(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.proj = nn.Conv2d(3, c.vision_width, c.patch, c.patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """Specification 1: [B, 3, S, S] to [B, N, D]."""

    def __init__(self, c):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, c.vision_width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (c.image_res // c.patch) ** 2, c.vision_width))
        self.patch_embed = PatchEmbedding(c)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.vision_depth))
        self.norm = nn.LayerNorm(c.vision_width, eps=1e-6)

    def forward(self, image):
        x = self.patch_embed(image)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Projections(nn.Module):
    def __init__(self, c, source_width):
        super().__init__()
        self.heads = c.heads
        self.query = nn.Linear(c.hidden, c.hidden)
        self.key = nn.Linear(source_width, c.hidden)
        self.value = nn.Linear(source_width, c.hidden)

    def keys_values(self, source):
        return split_heads(self.key(source), self.heads), split_heads(self.value(source), self.heads)


class DenseNorm(nn.Module):
    """LN(dropout(dense(x)) + residual)."""

    def __init__(self, width, hidden, dropout):
        super().__init__()
        self.dropout = dropout
        self.dense = nn.Linear(width, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=1e-12)

    def forward(self, x, residual):
        y = self.dense(x)
        return self.LayerNorm((F.dropout(y, self.dropout) if self.dropout else y) + residual)


class TextAttention(nn.Module):
    def __init__(self, c, source_width):
        super().__init__()
        self.dropout = c.attention_dropout
        self.self = Projections(c, source_width)
        self.output = DenseNorm(c.hidden, c.hidden, c.hidden_dropout)

    def forward(self, x, keys_values, mask=None):
        query = split_heads(self.self.query(x), self.self.heads)
        mixed, probabilities = attend(query, *keys_values, mask, self.dropout)
        return self.output(mixed, x), probabilities


class Intermediate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense = nn.Linear(c.hidden, c.intermediate)

    def forward(self, x):
        return F.gelu(self.dense(x))


class TextLayer(nn.Module):
    """Specification 2.3. `rows` limits which rows are computed: 1 is enough where [CLS] alone is read after it."""

    def __init__(self, c, cross):
        super().__init__()
        self.attention = TextAttention(c, c.hidden)
        if cross:
            self.crossattention = TextAttention(c, c.vision_width)
        self.intermediate = Intermediate(c)
        self.output = DenseNorm(c.intermediate, c.hidden, c.hidden_dropout)

    def forward(self, x, mask, image=None, rows=None):
        x, _ = self.attention(x[:, :rows], self.attention.self.keys_values(x), mask)
        probabilities = None
        if image is not None:
            x, probabilities = self.crossattention(x, image)
        return self.output(self.intermediate(x), x), probabilities


class Embeddings(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dropout = c.hidden_dropout
        self.word_embeddings = nn.Embedding(c.vocab, c.hidden, padding_idx=c.pad_id)
        self.position_embeddings = nn.Embedding(c.max_positions, c.hidden)
        self.token_type_embeddings = nn.Embedding(2, c.hidden)
        self.LayerNorm = nn.LayerNorm(c.hidden, eps=1e-12)

    def forward(self, ids):
        length = ids.shape[1]
        x = self.word_embeddings(ids) + self.position_embeddings.weight[:length] + self.token_type_embeddings.weight[0]
        x = self.LayerNorm(x)
        return F.dropout(x, self.dropout) if self.dropout else x


class Encoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.layer = nn.ModuleList(TextLayer(c, i >= c.first_cross_layer) for i in range(c.layers))


class Bert(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)

    def text(self, ids, mask):
        x = self.embeddings(ids)
        for layer in self.encoder.layer[: self.c.first_cross_layer]:
            x, _ = layer(x, mask)
        return x

    def image_keys_values(self, image):
        """Keys and values of the image in each fusion layer."""
        return [
            layer.crossattention.self.keys_values(image) for layer in self.encoder.layer[self.c.first_cross_layer:]
        ]

    def fuse(self, x, mask, image, cls_only=False):
        """Text states through the fusion layers: states, and the map of the hooked layer."""
        hooked = None
        for i, keys_values in enumerate(image, self.c.first_cross_layer):
            rows = 1 if cls_only and i == self.c.layers - 1 else None
            x, probabilities = self.encoder.layer[i](x, mask, keys_values, rows)
            if i == self.c.amc_layer:
                hooked = probabilities
        return x, hooked


class Transform(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense = nn.Linear(c.hidden, c.hidden)
        self.LayerNorm = nn.LayerNorm(c.hidden, eps=1e-12)

    def forward(self, x):
        return self.LayerNorm(F.gelu(self.dense(x)))


class Predictions(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(c.vocab))
        self.transform = Transform(c)


class MlmHead(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.predictions = Predictions(c)


class TextEncoder(nn.Module):
    """BERT and its MLM head, whose decoder is the word table."""

    def __init__(self, c):
        super().__init__()
        self.bert = Bert(c)
        self.cls = MlmHead(c)

    def logits(self, x):
        p = self.cls.predictions
        return F.linear(p.transform(x), self.bert.embeddings.word_embeddings.weight, p.bias)


class Albef(nn.Module):
    """The model with its momentum copies, queues and optimizer (specification 3)."""

    def __init__(self, c, dtype=torch.float32):
        super().__init__()
        self.c = c
        self.temp = nn.Parameter(torch.tensor(c.temperature))
        self.visual_encoder = VisionTransformer(c)
        self.text_encoder = TextEncoder(c)
        self.vision_proj = nn.Linear(c.vision_width, c.embed_dim)
        self.text_proj = nn.Linear(c.hidden, c.embed_dim)
        self.itm_head = nn.Linear(c.hidden, 2)
        initialize(self)
        names = ("visual_encoder", "text_encoder", "vision_proj", "text_proj")
        for name in names:
            setattr(self, name + "_m", copy.deepcopy(getattr(self, name)).requires_grad_(False))
        for name in ("image_queue", "text_queue"):
            self.register_buffer(name, F.normalize(torch.randn(c.embed_dim, c.queue_size), dim=0))
        self.pointer = 0
        self.to(dtype)
        self.pairs = [
            pair for n in names for pair in zip(getattr(self, n + "_m").parameters(), getattr(self, n).parameters())
        ]
        self.optimizer = self.create_optimizer()

    def create_optimizer(self):
        trained = [(n, p) for n, p in self.named_parameters() if p.requires_grad]
        plain = [p for n, p in trained if p.ndim == 1 or n.endswith(".bias")]
        decayed = [p for n, p in trained if not (p.ndim == 1 or n.endswith(".bias"))]
        groups = [{"params": plain, "weight_decay": 0.0}, {"params": decayed, "weight_decay": self.c.weight_decay}]
        return torch.optim.AdamW(groups, lr=self.c.learning_rate, betas=(0.9, 0.999), eps=1e-8)

    @torch.no_grad()
    def move_copies(self):
        for moved, own in self.pairs:
            moved.lerp_(own, 1 - self.c.momentum)

    @torch.no_grad()
    def enqueue(self, image, text):
        """Writes the teacher's features at the pointer, wrapping around (specification 3.6)."""
        places = (torch.arange(len(image)) + self.pointer) % self.c.queue_size
        self.image_queue[:, places] = image.T
        self.text_queue[:, places] = text.T
        self.pointer = (self.pointer + len(image)) % self.c.queue_size

    def draw_masked(self, ids):
        """Masked ids and labels (specification 3.12)."""
        c = self.c
        selected = (torch.rand(ids.shape) < c.mlm_probability) & (ids != c.pad_id) & (ids != c.cls_id)
        fate = torch.rand(ids.shape)
        masked = ids.masked_fill(selected & (fate < 0.8), c.mask_id)
        random = torch.randint(c.vocab, ids.shape)
        return torch.where(selected & (fate >= 0.9), random, masked), ids.masked_fill(~selected, -100)

    def forward(self, batch, draw=lambda weights: weights.multinomial(1).squeeze(1), masked=None):
        """All losses of a batch.

        batch: image [B, 3, S, S], ids and mask [B, L], region [B, S, S], has_region [B].
        draw: one index a row of weights [B, B]; masked: (ids, labels) in place of drawn ones.
        Returns losses by name, and intermediate results by the names of the recordings.
        """
        c, count = self.c, len(batch["image"])
        with torch.no_grad():
            self.temp.clamp_(0.001, 0.5)
        additive = ((1 - batch["mask"]) * -10000.0)[:, None, None, :].to(self.temp.dtype)
        image = self.visual_encoder(batch["image"])
        image_feature = F.normalize(self.vision_proj(image[:, 0]), dim=-1)
        text = self.text_encoder.bert.text(batch["ids"], additive)
        text_feature = F.normalize(self.text_proj(text[:, 0]), dim=-1)

        with torch.no_grad():
            self.move_copies()
            image_m = self.visual_encoder_m(batch["image"])
            feature_image_m = F.normalize(self.vision_proj_m(image_m[:, 0]), dim=-1)
            text_m = self.text_encoder_m.bert.text(batch["ids"], additive)
            feature_text_m = F.normalize(self.text_proj_m(text_m[:, 0]), dim=-1)
            columns_image = torch.cat([feature_image_m.T, self.image_queue], 1)
            columns_text = torch.cat([feature_text_m.T, self.text_queue], 1)
            target_i2t = self.soft_targets(feature_image_m @ columns_text)
            target_t2i = self.soft_targets(feature_text_m @ columns_image)
        sim_i2t = image_feature @ columns_text / self.temp
        sim_t2i = text_feature @ columns_image / self.temp
        loss_ita = (soft_cross_entropy(sim_i2t, target_i2t) + soft_cross_entropy(sim_t2i, target_t2i)) / 2
        self.enqueue(feature_image_m, feature_text_m)

        projected = self.text_encoder.bert.image_keys_values(image)
        positive, attention_map = self.text_encoder.bert.fuse(text, additive, projected, c.lean)
        with torch.no_grad():
            own = torch.eye(count, dtype=torch.bool)
            neg_image = draw(sim_t2i[:, :count].softmax(1).masked_fill(own, 0))
            neg_text = draw(sim_i2t[:, :count].softmax(1).masked_fill(own, 0))
        every = torch.arange(count)
        images, texts = torch.cat([neg_image, every]), torch.cat([every, neg_text])
        negative, _ = self.text_encoder.bert.fuse(
            text[texts], additive[texts], self.gathered(image, projected, images), c.lean)
        logits_positive = self.itm_head(positive[:, 0])
        logits = torch.cat([logits_positive, self.itm_head(negative[:, 0])])
        labels = torch.zeros(len(logits), dtype=torch.long)
        labels[:count] = 1
        loss_itm = F.cross_entropy(logits, labels)

        losses = {"ita": loss_ita, "itm": loss_itm}
        seen = {
            "image_embeds": image, "text_embeds": text, "image_feat": image_feature, "text_feat": text_feature,
            "sim_i2t": sim_i2t, "sim_t2i": sim_t2i, "fusion_pos_last_hidden": positive, "itm_logits": logits,
            "cross_attention_map": attention_map, "neg_image_idx": neg_image, "neg_text_idx": neg_text,
        }
        if c.add_amc:
            amc, shown = self.amc(logits_positive[:, 1], attention_map, batch)
            losses.update(amc)
            seen.update(shown)
        losses["mlm"], seen["mlm_logits"] = self.mlm(
            masked or self.draw_masked(batch["ids"]), additive, image, projected, image_m)
        weights = {"amc_mean": c.mean_weight, "amc_max": c.max_weight}
        losses["total"] = sum(weights.get(n, 1.0) * loss for n, loss in losses.items())
        return losses, seen

    def soft_targets(self, similarities):
        targets = self.c.alpha * (similarities / self.temp).softmax(1)
        # In f32 whatever the model's type is, as the specification has it.
        targets.diagonal().add_(torch.tensor(1 - self.c.alpha, dtype=torch.float32))
        return targets

    def gathered(self, image, projected, places):
        """Keys and values of the images at `places`: of those that are projected already, or anew."""
        if self.c.lean:
            return [(k[places], v[places]) for k, v in projected]
        return self.text_encoder.bert.image_keys_values(image[places])

    def amc(self, score, attention_map, batch):
        """Specification 4: the two margin losses of GradCAM, recorded to be differentiated again."""
        c = self.c
        gradient, = torch.autograd.grad(score.sum(), attention_map, create_graph=True)
        tokens = batch["mask"][:, None, :, None].to(score.dtype)
        weighted = (attention_map[..., 1:] * tokens) * (gradient[..., 1:].clamp(min=0) * tokens)
        raw = F.relu(weighted.mean((1, 2)))
        shifted = raw - raw.min(1, keepdim=True).values
        cam = shifted / (shifted.max(1, keepdim=True).values + 1e-7)
        side = c.image_res // c.patch
        grid = cam.view(-1, 1, side, side)
        region = batch["region"]
        large = F.interpolate(grid, region.shape[1:], mode="bilinear", align_corners=False).squeeze(1)
        seen = {
            "cross_attention_grad": gradient, "gradcam_raw": raw.view(-1, side, side),
            "gradcam_normalized": grid.squeeze(1), "gradcam_upsampled": large,
        }
        chosen = batch["has_region"]
        if not bool(chosen.all()):
            large, region = large[chosen], region[chosen]
        if not len(large):
            return {}, seen
        inside, outside = large * region, large * (1 - region)
        mean_in = inside.sum() / region.sum().clamp(min=1)
        mean_out = outside.sum() / (1 - region).sum().clamp(min=1)
        hinges = F.relu(outside.flatten(1).max(1).values - inside.flatten(1).max(1).values + c.max_margin)
        return {"amc_mean": F.relu(mean_out - mean_in + c.mean_margin), "amc_max": hinges.mean()}, seen

    def mlm(self, masked, additive, image, projected, image_m):
        """Masked words with a momentum teacher (specification 2.6 and 3.12)."""
        ids, labels = masked
        if not bool((labels != -100).any()):
            return image.new_zeros(()), None
        if self.c.lean:
            rows = (labels != -100).any(1).nonzero().squeeze(1)
            if len(rows) < len(ids):
                projected = [(k[rows], v[rows]) for k, v in projected]
                ids, labels, additive, image, image_m = (
                    t[rows] for t in (ids, labels, additive, image, image_m))
        else:
            projected = self.text_encoder.bert.image_keys_values(image)
        chosen = labels != -100
        with torch.no_grad():
            bert = self.text_encoder_m.bert
            state, _ = bert.fuse(bert.text(ids, additive), additive, bert.image_keys_values(image_m))
            if self.c.lean:
                teacher = self.text_encoder_m.logits(state[chosen]).softmax(-1)
            else:
                teacher = self.text_encoder_m.logits(state).softmax(-1)[chosen]
        bert = self.text_encoder.bert
        state, _ = bert.fuse(bert.text(ids, additive), additive, projected)
        logits = self.text_encoder.logits(state)
        hard = F.cross_entropy(logits[chosen], labels[chosen])
        student = logits.log_softmax(1 if self.c.distill_over_sequence else 2)[chosen]
        soft = -(teacher * student).sum(-1).mean()
        return (1 - self.c.alpha) * hard + self.c.alpha * soft, logits

    def training_step(self, batch, **recorded):
        """Forward, backward, update. Gradients stay in place until the next step."""
        losses, seen = self(batch, **recorded)
        self.optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()
        self.optimizer.step()
        return losses, seen


def soft_cross_entropy(logits, targets):
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def initialize(model):
    """Specification 1 and 2.8; patches, projections and the matching head keep PyTorch's own values."""
    for part in (model.visual_encoder, model.text_encoder):
        for module in part.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
    nn.init.normal_(model.visual_encoder.cls_token, std=0.02)
    nn.init.normal_(model.visual_encoder.pos_embed, std=0.02)
