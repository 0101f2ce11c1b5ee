namespace AmcEngine.Model.Contrastive;

/// <summary>What the other texts about a picture are to it, in the contrastive loss and among hard negatives.</summary>
public enum SamePicture
{
    /// <summary>As wrong as the texts of other pictures: ALBEF's pre-training.</summary>
    Negative = 0,

    /// <summary>
    /// As right as its own text, in the batch and in the queue, and never drawn as a hard negative: the fine-tuning of
    /// ALBEF and BLIP.
    /// </summary>
    Positive = 1,
}
