namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>The parts of an answer, each asked by itself: what does not answer in time is named, and does not hide the others.</summary>
internal sealed class SummaryParts(TimeProvider time)
{
    /// <summary>How long one part may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly List<string> _unknown = [];

    /// <summary>Which did not answer.</summary>
    public IReadOnlyList<string> Unknown => _unknown;

    /// <summary>Asks for one.</summary>
    /// <param name="name">What it is, in words.</param>
    /// <param name="asked">The question.</param>
    /// <param name="otherwise">What is used when there is no answer.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<T> Ask<T>(string name, Task<T> asked, T otherwise, CancellationToken cancellation)
    {
        try
        {
            return await asked.WaitAsync(Patience, time, cancellation);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            _unknown.Add(name);
            return otherwise;
        }
    }
}
