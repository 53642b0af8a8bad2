namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Kills one member after the other, chosen by a seed, each started again at once as a supervisor would.</summary>
internal sealed class Mayhem(ChaosCluster cluster, int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<string> _killed = [];

    /// <summary>Who was killed so far.</summary>
    public string Killed => string.Join(' ', _killed);

    public async Task Run(int kills, TimeSpan every)
    {
        using var timer = new PeriodicTimer(every);
        for (var done = 0; done < kills; done++)
        {
            var victim = cluster.Members[_random.Next(cluster.Members.Count)];
            _killed.Add(victim.Name);
            victim.Kill();
            victim.Start();
            await timer.WaitForNextTickAsync();
        }
    }
}
