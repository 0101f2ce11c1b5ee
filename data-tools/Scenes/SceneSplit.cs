namespace AmcEngine.DataTools;

/// <summary>Two streams of scenes that share no scene.</summary>
public enum SceneSplit
{
    /// <summary>Scenes to train on.</summary>
    Train = 0,

    /// <summary>Scenes to test on.</summary>
    Test = 1,
}
