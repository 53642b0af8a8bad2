namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Kills one member after the other, chosen by a seed, each started again at once as a supervisor would.</summary>
internal sealed class Mayhem(ChaosCluster cluster, int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<string> _killed = [];
    private readonly List<string> _ended = [];

    /// <summary>Who was killed so far.</summary>
    public string Killed => string.Join(' ', _killed);

    /// <summary>Who ended though nobody killed it: a silo that the others took for dead does.</summary>
    public IReadOnlyList<string> Ended => _ended;

    public async Task Run(int kills, TimeSpan every)
    {
        using var timer = new PeriodicTimer(every);
        for (var done = 0; done < kills; done++)
        {
            foreach (var member in cluster.Members.Where(member => !member.IsRunning))
            {
                _ended.Add(member.Name);
                member.Start();
            }

            var victim = cluster.Members[_random.Next(cluster.Members.Count)];
            _killed.Add(victim.Name);
            victim.Kill();
            victim.Start();
            await timer.WaitForNextTickAsync();
        }
    }
}
