using System.Collections.Concurrent;

namespace RegistryProxy.Tests.Strength;

/// <summary>Changes the state machines of a project in many ways, one at a time, and sees which changes their tests notice.</summary>
internal sealed class MutationRun(string root, int seed, int count)
{
    /// <summary>Knows the bounds of all.</summary>
    private static readonly string[] Bounds = ["Architecture.BoundsTests"];

    /// <summary>The changes that compile, and those of them that no test noticed.</summary>
    public async Task<IReadOnlyList<(StateMachine Machine, int Total, IReadOnlyList<Mutation> Survivors)>> Run(
        string name, IReadOnlyList<StateMachine> machines)
    {
        var project = await ProjectCompilation.Open(root, name);
        var chosen = machines.SelectMany(machine => Choose(project, machine).Select(mutation => (Machine: machine, Mutation: mutation)))
            .Select((choice, number) => (choice.Machine, Mutation: Numbered(project, choice.Mutation, number))).ToList();
        using var bed = new TestBed(root);
        bed.Put(project.Library, SwitchedLibrary.Compile(
            project, chosen.Select(choice => choice.Mutation).Where(mutation => mutation.Body is not null)));
        foreach (var machine in machines)
        {
            if (!await bed.Passes(machine.Tests, -1))
            {
                throw new InvalidOperationException($"the tests of {machine.Name} fail without a change");
            }
        }

        var survivors = new ConcurrentBag<Mutation>();
        await Parallel.ForEachAsync(
            chosen.Where(choice => choice.Mutation.Body is not null),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount + 1 },
            (choice, _) => Try(bed, choice.Machine, choice.Mutation, survivors));
        foreach (var (machine, mutation) in chosen.Where(choice => choice.Mutation.Body is null))
        {
            bed.Put(project.Library, SwitchedLibrary.Compile(project, mutation.Mutation));
            await Try(bed, machine, mutation, survivors);
        }

        return [.. machines.Select(machine => (machine, chosen.Count(choice => choice.Machine == machine), Of(survivors, machine)))];
    }

    private IEnumerable<Mutation> Choose(ProjectCompilation project, StateMachine machine)
    {
        var found = machine.Sources.SelectMany(file => Mutator.Find(project.Tree(file), file)).ToArray();
        new Random(seed).Shuffle(found);
        return found.Where(project.Takes).Take(count);
    }

    private static NumberedMutation Numbered(ProjectCompilation project, Mutation mutation, int number) =>
        new(mutation, SwitchedLibrary.BodyAround(project.Tree(mutation.File), mutation.Change.Span), number);

    private static async ValueTask Try(TestBed bed, StateMachine machine, NumberedMutation mutation, ConcurrentBag<Mutation> survivors)
    {
        if (await bed.Passes(machine.Tests, mutation.Number) && await bed.Passes(Bounds, mutation.Number))
        {
            survivors.Add(mutation.Mutation);
        }
    }

    private static IReadOnlyList<Mutation> Of(IEnumerable<Mutation> survivors, StateMachine machine) =>
        [.. survivors.Where(mutation => machine.Sources.Contains(mutation.File))
            .OrderBy(mutation => mutation.File, StringComparer.Ordinal).ThenBy(mutation => mutation.Change.Span.Start)];
}
