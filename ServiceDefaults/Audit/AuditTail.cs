namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>
/// The newest lines of the audit log of each tenant, in memory, for its administrators. Added to by the writer of the log, beside the
/// requests.
/// </summary>
public sealed class AuditTail(TimeProvider time)
{
    /// <summary>The most lines of a tenant.</summary>
    private const int MaxLines = 2000;

    /// <summary>What the lines of a tenant may weigh, in bytes.</summary>
    private const int MaxTenantBytes = 1024 * 1024;

    /// <summary>What all lines may weigh, in bytes: of the tenant that wrote least lately they go first.</summary>
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>How old a line gets here.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromDays(1);

    /// <summary>How often those are looked for of whom nothing was written.</summary>
    private static readonly TimeSpan Tidying = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TenantLines> _tenants = [];
    private DateTimeOffset _since = time.GetUtcNow();
    private DateTimeOffset _tidied;
    private long _bytes;
    private int _lost;

    /// <summary>Events of any tenants were lost before they came here: nothing is known to be whole until now. Never waits.</summary>
    public void Lose() => Volatile.Write(ref _lost, 1);

    /// <summary>Adds a line.</summary>
    public void Keep(string tenant, DateTimeOffset at, ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            if (!_tenants.TryGetValue(tenant, out var known))
            {
                _tenants[tenant] = known = new TenantLines(_since);
            }

            _bytes -= known.Weight;
            known.Keep(at, line);
            _bytes += known.Weight;
            Tidy(at);
        }
    }

    /// <summary>What there is of a tenant.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="since">Not before.</param>
    /// <param name="maxBytes">What the lines may weigh together: the newest count.</param>
    public AuditTailLines Read(string tenant, DateTimeOffset since, long maxBytes = MaxTenantBytes)
    {
        // The writer of the log waits no longer than it takes to copy what is asked for.
        lock (_gate)
        {
            Tidy(time.GetUtcNow());
            return _tenants.TryGetValue(tenant, out var known) ? known.Read(since, maxBytes) : new AuditTailLines(_since, []);
        }
    }

    /// <summary>Forgets the lines of a tenant: its name is somebody else's from now on, or nobody's.</summary>
    /// <param name="tenant">The tenant.</param>
    public void Forget(string tenant)
    {
        lock (_gate)
        {
            if (_tenants.TryGetValue(tenant, out var known))
            {
                Forget(tenant, known, true);
            }
        }
    }

    private void Tidy(DateTimeOffset now)
    {
        if (Interlocked.Exchange(ref _lost, 0) != 0)
        {
            _since = time.GetUtcNow();
            foreach (var lines in _tenants.Values)
            {
                lines.Lack(_since);
            }
        }

        if (now - _tidied >= Tidying)
        {
            _tidied = now;
            foreach (var (tenant, lines) in _tenants.ToList())
            {
                Forget(tenant, lines, !lines.Outlives(now - Life));
            }
        }

        while (_bytes > MaxBytes)
        {
            var (tenant, lines) = _tenants.MinBy(one => one.Value.Newest);
            Forget(tenant, lines, true);
        }
    }

    private void Forget(string tenant, TenantLines lines, bool isGiven)
    {
        if (isGiven)
        {
            _tenants.Remove(tenant);
            _bytes -= lines.Weight;
            _since = lines.Newest > _since ? lines.Newest : _since;
        }
    }

    private sealed class TenantLines(DateTimeOffset since)
    {
        private readonly LineRing _ring = new();

        /// <summary>Since when nothing of it is lacking.</summary>
        private DateTimeOffset _since = since;

        public long Weight => _ring.Weight;

        public DateTimeOffset Newest { get; private set; } = since;

        public void Keep(DateTimeOffset at, ReadOnlySpan<byte> line)
        {
            Newest = at;
            while (_ring.Count > 0 && (_ring.Count == MaxLines || _ring.Bytes + line.Length > MaxTenantBytes))
            {
                Lack(_ring.DropOldest());
            }

            if (line.Length <= MaxTenantBytes)
            {
                _ring.Add(at, line);
            }
            else
            {
                Lack(at);
            }
        }

        public AuditTailLines Read(DateTimeOffset from, long maxBytes)
        {
            var (lines, cut) = _ring.Read(from, maxBytes);
            return new AuditTailLines(cut > _since ? cut : _since, lines);
        }

        /// <summary>Something of it may be lacking until a moment.</summary>
        public void Lack(DateTimeOffset until) => _since = until > _since ? until : _since;

        /// <summary>Drops what is older; whether anything is left.</summary>
        public bool Outlives(DateTimeOffset end)
        {
            while (_ring.Count > 0 && _ring.Oldest < end)
            {
                Lack(_ring.DropOldest());
            }

            return _ring.Count > 0;
        }
    }
}

/// <summary>A line of the audit log.</summary>
/// <param name="At">When.</param>
/// <param name="Json">The line, without its end.</param>
public sealed record AuditTailLine(DateTimeOffset At, byte[] Json);

/// <summary>What there is of a tenant.</summary>
/// <param name="Since">After this moment nothing is lacking.</param>
/// <param name="Lines">The oldest first.</param>
public sealed record AuditTailLines(DateTimeOffset Since, IReadOnlyList<AuditTailLine> Lines);
