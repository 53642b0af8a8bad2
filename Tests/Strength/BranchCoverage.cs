using System.Text.Json;

namespace RegistryProxy.Tests.Strength;

/// <summary>Which branches of a file the unit tests take, as coverlet reports it (its own JSON).</summary>
internal sealed class BranchCoverage(string root, JsonDocument report)
{
    public static BranchCoverage Read(string root, string report) => new(root, JsonDocument.Parse(File.ReadAllText(report)));

    /// <summary>How many branches the files of a state machine have, and how many of them are taken.</summary>
    public (int Taken, int All) Of(StateMachine machine)
    {
        var hits = machine.Sources.SelectMany(HitsOf).ToList();
        return (hits.Count(hit => hit > 0), hits.Count);
    }

    private IEnumerable<int> HitsOf(string source) =>
        from module in report.RootElement.EnumerateObject()
        from file in module.Value.EnumerateObject()
        where file.Name == Path.Combine(root, source)
        from type in file.Value.EnumerateObject()
        from method in type.Value.EnumerateObject()
        from branch in method.Value.GetProperty("Branches").EnumerateArray()
        select branch.GetProperty("Hits").GetInt32();
}
