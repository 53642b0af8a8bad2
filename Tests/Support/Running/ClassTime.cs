namespace RegistryProxy.Tests.Support.Running;

/// <summary>What a class of tests took.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Tests">How many ran.</param>
/// <param name="Wall">From the start of its first test to the end of its last one, with the fixtures of its own.</param>
/// <param name="Processes">What it started, and the processor time of that.</param>
internal sealed record ClassTime(string Name, int Tests, TimeSpan Wall, ProcessCost Processes)
{
    private const string Root = "RegistryProxy.Tests.";

    public string ShortName => Name.StartsWith(Root, StringComparison.Ordinal) ? Name[Root.Length..] : Name;

    public override string ToString() =>
        $"{Wall.TotalSeconds,6:F0} s {Tests,5} tests {Processes.Count,4} processes {Processes.Cpu.TotalSeconds,6:F0} s of CPU  {ShortName}";
}
