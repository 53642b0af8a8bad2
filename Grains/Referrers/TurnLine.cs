using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Referrers;

/// <summary>Whose turn it is: one after the other, in the order in which they came.</summary>
internal sealed class TurnLine(TimeProvider time)
{
    /// <summary>How many wait and have their turn at once.</summary>
    public const int Capacity = 256;

    /// <summary>Who waits and does not ask again for so long has gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly List<Place> _places = [];

    /// <summary>Takes a place, or keeps it; completes when the turn may have come. <c>null</c> when there is no place.</summary>
    public Task? Join(Guid turn)
    {
        Forget();
        if (_places.Find(known => known.Turn == turn) is not { } place)
        {
            if (_places.Count == Capacity)
            {
                return null;
            }

            _places.Add(place = new Place(turn));
        }

        place.AskedAt = time.GetTimestamp();
        Call();
        return place.Comes.Task;
    }

    /// <summary>Begins the turn, if it has come.</summary>
    public bool TryBegin(Guid turn)
    {
        Forget();
        if (_places is not [var first, ..] || first.Turn != turn)
        {
            return false;
        }

        first.BeganAt ??= time.GetTimestamp();
        return true;
    }

    /// <summary>Ends the turn; whether it had it until now.</summary>
    public bool Leave(Guid turn)
    {
        Forget();
        var had = _places is [{ BeganAt: not null } first, ..] && first.Turn == turn;
        _places.RemoveAll(place => place.Turn == turn);
        Call();
        return had;
    }

    private void Forget()
    {
        _places.RemoveAll(place => place.BeganAt is { } began
            ? time.GetElapsedTime(began) >= ReferrersTurn.MaxTime
            : time.GetElapsedTime(place.AskedAt) >= Silence);
        Call();
    }

    /// <summary>Tells the first that it is its turn.</summary>
    private void Call() => _places.FirstOrDefault()?.Comes.TrySetResult();

    private sealed class Place(Guid turn)
    {
        public Guid Turn => turn;

        public TaskCompletionSource Comes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long AskedAt { get; set; }

        public long? BeganAt { get; set; }
    }
}
