namespace AmcEngine.DataTools;

/// <summary>How a picture is resized (specification 7).</summary>
public enum Resampling
{
    /// <summary>OpenCV's bilinear, as for training and Flickr30k.</summary>
    Bilinear = 0,

    /// <summary>Pillow's antialiased bicubic, as for RefCOCO+ and RefCLEF.</summary>
    Bicubic = 1,
}
