using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Authorization;

/// <summary>
/// Questions to the grains of identities. One is under way for an identity at a time; sessions that are asked for meanwhile go with the
/// next, and none is in two.
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="answered">Told of each answer, with what had been dropped before the question.</param>
internal sealed class DecisionQuestions(ClusterClient cluster, Action<SessionReference, SharedDecision, DropMark> answered)
{
    /// <summary>The most sessions of one question: as many as an identity may have.</summary>
    internal const int MaxSessions = 20_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Subject, Line> _lines = [];

    /// <summary>Asks for one session; <c>null</c> when no silo answers.</summary>
    /// <param name="session">The session.</param>
    /// <param name="drops">What was dropped up to now: who asks after a drop joins no question of before it.</param>
    public Task<SessionDecision?> Query(SessionReference session, DropMark drops)
    {
        var subject = new Subject(session.Key, session.Generation, drops);
        Task<SessionDecision?> answer;
        Line? begun = null;
        lock (_gate)
        {
            if (!_lines.TryGetValue(subject, out var line))
            {
                _lines[subject] = line = begun = new Line();
            }

            answer = line.Join(session);
        }

        if (begun is not null)
        {
            begun.Run = Task.Run(() => Run(subject, begun));
        }

        return answer;
    }

    /// <summary>Asks for sessions of an identity with one call; <c>null</c> when no silo answers.</summary>
    /// <param name="identity">One of its sessions.</param>
    /// <param name="sessions">The ids of those that are asked for.</param>
    /// <param name="policy">How long it may take.</param>
    public async Task<SharedDecision[]?> AskAll(SessionReference identity, IReadOnlyList<string> sessions, CallPolicy policy)
    {
        try
        {
            var answer = await cluster.Call(
                (grains, stop) => grains.GetGrain<ISessionGrain>(identity.Key).DecideAll(sessions, identity.Generation, stop),
                (relay, stop) => relay.DecideAll(identity.Key, sessions, identity.Generation, stop),
                policy, CancellationToken.None);
            if (answer.Places.Count != sessions.Count)
            {
                return null;
            }

            var sharing = new int[answer.Distinct.Count];
            foreach (var place in answer.Places)
            {
                sharing[place]++;
            }

            return [.. answer.Places.Select(place => new SharedDecision(answer.Distinct[place], sharing[place]))];
        }
        catch (ClusterUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Asks until nobody waits any more.</summary>
    private async Task Run(Subject subject, Line line)
    {
        while (true)
        {
            List<Waiting> asked;
            lock (_gate)
            {
                asked = line.Next();
                if (asked.Count == 0)
                {
                    _lines.Remove(subject);
                    return;
                }
            }

            try
            {
                await Query(asked, subject.Drops);
            }
            catch (Exception fault)
            {
                asked.ForEach(waiting => waiting.Answer.TrySetException(fault));
            }
        }
    }

    private async Task Query(List<Waiting> asked, DropMark drops)
    {
        var answers = asked.Count == 1
            ? await AskOne(asked[0].Session)
            : await AskAll(asked[0].Session, asked.ConvertAll(waiting => waiting.Session.Id), CallPolicy.Decision);
        for (var i = 0; i < asked.Count; i++)
        {
            if (answers is not null)
            {
                answered(asked[i].Session, answers[i], drops);
            }

            asked[i].Answer.SetResult(answers?[i].Decision);
        }
    }

    private async Task<SharedDecision[]?> AskOne(SessionReference session)
    {
        try
        {
            return
            [
                new SharedDecision(
                    await cluster.Call(
                        (grains, stop) => grains.GetGrain<ISessionGrain>(session.Key).Decide(session.Id, session.Generation, stop),
                        (relay, stop) => relay.Decide(session.Key, session.Id, session.Generation, stop),
                        CallPolicy.Decision, CancellationToken.None),
                    1),
            ];
        }
        catch (ClusterUnavailableException)
        {
            return null;
        }
    }

    private readonly record struct Subject(string Key, long Generation, DropMark Drops);

    private sealed record Waiting(SessionReference Session, TaskCompletionSource<SessionDecision?> Answer);

    /// <summary>Who is asked for now and who with the next question.</summary>
    private sealed class Line
    {
        private Dictionary<string, Waiting> _asked = [];
        private Dictionary<string, Waiting> _next = [];

        /// <summary>The questions; what they fail with is told to those who wait.</summary>
        public Task? Run { get; set; }

        public Task<SessionDecision?> Join(SessionReference session)
        {
            if (!_asked.TryGetValue(session.Id, out var waiting) && !_next.TryGetValue(session.Id, out waiting))
            {
                _next[session.Id] = waiting = new Waiting(session, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return waiting.Answer.Task;
        }

        /// <summary>The next question's.</summary>
        public List<Waiting> Next()
        {
            _asked = _next.Take(MaxSessions).ToDictionary();
            _next = _next.Skip(MaxSessions).ToDictionary();
            return [.. _asked.Values];
        }
    }
}
