namespace AmcEngine.DataTools;

/// <summary>The shapes, in the order of their words.</summary>
internal enum ShapeKind
{
    /// <summary>A filled disc.</summary>
    Circle,

    /// <summary>A filled square.</summary>
    Square,

    /// <summary>A triangle that points up.</summary>
    Triangle,

    /// <summary>A five-pointed star.</summary>
    Star,

    /// <summary>An upright plus sign.</summary>
    Cross,

    /// <summary>A square on its corner.</summary>
    Diamond,

    /// <summary>A disc with a wide hole.</summary>
    Ring,
}
