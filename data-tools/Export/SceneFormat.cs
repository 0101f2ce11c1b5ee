namespace AmcEngine.DataTools;

/// <summary>How exported scenes are stored.</summary>
public enum SceneFormat
{
    /// <summary>PNG, without loss.</summary>
    Png = 0,

    /// <summary>JPEG at quality 92.</summary>
    Jpeg = 1,
}
