using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A configuration of many tenants, each with five routes and five rules in a file of its own.</summary>
/// <param name="folder">Where <c>config.yaml</c> lies.</param>
/// <param name="hasParts">Whether tenants write that themselves, in the <c>file</c> that the operator names; else it is included.</param>
internal sealed class TenantFiles(TemporaryFolder folder, bool hasParts)
{
    private const int Each = 5;

    /// <summary>Writes all files of so many tenants.</summary>
    public void WriteAll(int count)
    {
        Directory.CreateDirectory(folder.File("tenants.d"));
        Directory.CreateDirectory(folder.File("parts"));
        folder.Write("config.yaml", "include: [\"tenants.d/*.yaml\"]\n" +
            "upstreams: { hub: { url: \"https://hub.example\" }, other: { url: \"https://other.example\" } }\n");
        for (var number = 0; number < count; number++)
        {
            Write(number, "hub");
            if (hasParts)
            {
                WriteOperators(number);
            }
        }
    }

    /// <summary>Writes the routes and rules of a tenant.</summary>
    /// <param name="number">Which tenant.</param>
    /// <param name="upstream">Where its routes lead.</param>
    /// <param name="below">What its rules have in the place that another edit names otherwise.</param>
    public void Write(int number, string upstream, string below = "**")
    {
        var routes = string.Join(", ", Enumerable.Range(0, Each).Select(i => $"{{ prefix: p{i}, upstream: {upstream} }}"));
        var rules = string.Join(", ", Enumerable.Range(0, Each).Select(
            i => $"{{ name: r{i}, who: [anonymous], repositories: [\"p{i}/{below}\"], actions: [pull] }}"));
        if (hasParts)
        {
            folder.Write($"parts/t{number}.yaml", $"{{ routes: [ {routes} ], access: [ {rules} ] }}");
            return;
        }

        folder.Write($"tenants.d/t{number}.yaml", $"tenants: {{ t{number}: {{ hosts: [t{number}.example], " +
            $"publicUrl: \"https://t{number}.example\", routes: [ {routes} ], access: [ {rules} ] }} }}");
    }

    private void WriteOperators(int number)
    {
        Directory.CreateDirectory(folder.File($"parts/s{number}"));
        folder.Write($"tenants.d/t{number}.yaml", $"tenants: {{ t{number}: {{ hosts: [t{number}.example], " +
            $"publicUrl: \"https://t{number}.example\", mayUse: {{ upstreams: [hub, other] }}, secrets: parts/s{number}, " +
            $"file: parts/t{number}.yaml }} }}");
    }
}
