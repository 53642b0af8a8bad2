namespace RegistryProxy.Tests.Strength;

/// <summary>How much of the product's state machines their unit tests hold.</summary>
internal static class StrengthCommand
{
    /// <summary>The part of the changes that must be noticed.</summary>
    private const double MinNoticed = 0.8;

    /// <summary>The part of the branches that must be taken.</summary>
    private const double MinTaken = 0.9;

    /// <summary>
    /// <c>coverage ROOT REPORT</c>, <c>mutants ROOT SEED COUNT NAME…</c>: all state machines of the list without a name.
    /// </summary>
    public static async Task<int> Run(string[] args)
    {
        var root = Path.GetFullPath(args[1]);
        var machines = StateMachine.Read(Path.Combine(root, "Tests/Strength/machines.txt")).ToList();
        return args[0] == "coverage" ? Cover(BranchCoverage.Read(root, args[2]), machines)
            : await Mutate(
                new MutationRun(root, int.Parse(args[2]), int.Parse(args[3])),
                [.. machines.Where(machine => args.Length == 4 || args[4..].Contains(machine.Name))]);
    }

    private static int Cover(BranchCoverage coverage, List<StateMachine> machines)
    {
        var isWeak = false;
        foreach (var machine in machines)
        {
            var (taken, all) = coverage.Of(machine);
            Console.WriteLine($"{machine.Name}: {taken} of {all} branches taken ({(double)taken / all:P0})");
            isWeak |= all == 0 || taken < MinTaken * all;
        }

        return isWeak ? 1 : 0;
    }

    private static async Task<int> Mutate(MutationRun run, List<StateMachine> machines)
    {
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
