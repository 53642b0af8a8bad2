namespace RegistryProxy.Tests.Strength;

/// <summary>How much of the product's state machines their unit tests hold.</summary>
internal static class StrengthCommand
{
    /// <summary>The part of the changes that must be noticed.</summary>
    private const double MinNoticed = 0.8;

    /// <summary><c>ROOT SEED COUNT NAME…</c>: all state machines of the list without a name.</summary>
    public static async Task<int> Run(string[] args)
    {
        var (root, run) = (Path.GetFullPath(args[0]), new MutationRun(Path.GetFullPath(args[0]), int.Parse(args[1]), int.Parse(args[2])));
        var machines = StateMachine.Read(Path.Combine(root, "Tests/Strength/machines.txt"))
            .Where(machine => args.Length == 3 || args[3..].Contains(machine.Name)).ToList();
        var isWeak = machines.Count == 0;
        foreach (var project in machines.GroupBy(machine => machine.Project))
        {
            foreach (var (machine, total, survivors) in await run.Run(project.Key, [.. project]))
            {
                var noticed = total - survivors.Count;
                Console.WriteLine($"{machine.Name}: {noticed} of {total} changes noticed ({(double)noticed / total:P0})");
                foreach (var survivor in survivors)
                {
                    Console.WriteLine($"  {survivor}");
                }

                isWeak |= noticed < MinNoticed * total;
            }
        }

        return isWeak ? 1 : 0;
    }
}
