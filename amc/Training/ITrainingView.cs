using AmcEngine.Amc.Runs;

namespace AmcEngine.Amc.Training;

/// <summary>Shows a run to whoever watches.</summary>
internal interface ITrainingView
{
    /// <summary>Runs the training while the view is up.</summary>
    void Show(int firstStep, int lastStep, Action body);

    /// <summary>A step is done.</summary>
    void Step(StepRecord record);

    /// <summary>Something to say in a line of its own.</summary>
    void Say(string line);
}
