namespace RegistryProxy.Grains.Operations;

/// <summary>The last hour of one tenant or upstream: six numbers for every ten seconds, 8.6 KB.</summary>
internal sealed class ActivityRing
{
    /// <summary>How many numbers there are at the most.</summary>
    public const int Numbers = 6;

    /// <summary>How many steps an hour has.</summary>
    public const int Steps = 360;

    /// <summary>How long a step is.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromSeconds(10);

    private readonly float[] _values = new float[Steps * Numbers];

    /// <param name="step">Of the first numbers.</param>
    public ActivityRing(long step) => Newest = step;

    /// <summary>The last step in which something was done.</summary>
    public long Newest { get; private set; }

    /// <summary>The step that a time belongs to.</summary>
    public static long StepOf(DateTimeOffset time) => time.UtcTicks / Step.Ticks;

    /// <summary>Whether nothing of the last hour is in it.</summary>
    public bool IsOver(long now) => now - Newest >= Steps;

    /// <summary>Adds what was done in a step; what is older than an hour is left out.</summary>
    public void Add(long step, ReadOnlySpan<double> numbers)
    {
        Forget(step);
        if (Newest - step >= Steps)
        {
            return;
        }

        var values = At(step);
        for (var i = 0; i < numbers.Length; i++)
        {
            values[i] += (float)numbers[i];
        }
    }

    /// <summary>Adds up steps, the first and the last included; what is not in the last hour is 0.</summary>
    public void Sum(long first, long last, Span<double> sums)
    {
        sums.Clear();
        for (var step = Math.Max(first, Newest - Steps + 1); step <= Math.Min(last, Newest); step++)
        {
            var values = At(step);
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] += values[i];
            }
        }
    }

    private void Forget(long step)
    {
        for (var next = Math.Max(Newest + 1, step - Steps + 1); next <= step; next++)
        {
            At(next).Clear();
        }

        Newest = Math.Max(Newest, step);
    }

    private Span<float> At(long step) => _values.AsSpan((int)(step % Steps) * Numbers, Numbers);
}
