// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title OrderProof
/// @notice What turns a claim into a restored order, claim after claim.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments. Times are
/// arguments: any device, any clock.
contract OrderProof {
    bool private _claimed;
    bool private _restored;
    uint32 private _claimedAt;
    uint32 private _provenAt;

    function claim(uint32 moment) external {
        require(!_claimed && !_restored);
        _claimed = true;
        _claimedAt = moment;
    }

    /// @dev `firstAt` is what the device signed.
    function prove(uint32 firstAt) external {
        require(_claimed && firstAt > _claimedAt);
        _claimed = false;
        _restored = true;
        _provenAt = firstAt;
    }

    function disprove(uint32 readAt) external {
        require(_claimed && readAt > _claimedAt);
        _claimed = false;
    }

    function lapse() external {
        _claimed = false;
    }

    function reopen() external {
        require(_restored);
        _restored = false;
    }

    /// @notice 03: what is restored was proven by readings dated after its claim.
    function checkProof() external view {
        if (_restored) assert(_provenAt > _claimedAt);
    }
}

/// @title OrderProofRefuted
/// @notice A claim that any reading proves, also one from before it: the checker must show the hole.
contract OrderProofRefuted {
    bool private _claimed;
    bool private _restored;
    uint64 private _claimedAt;
    uint64 private _provenAt;

    function claim(uint64 moment) external {
        require(!_claimed);
        _claimed = true;
        _claimedAt = moment;
    }

    function prove(uint64 firstAt) external {
        require(_claimed && !_restored);
        _restored = true;
        _provenAt = firstAt;
    }

    function checkProof() external view {
        if (_restored) assert(_provenAt > _claimedAt);
    }
}

/// @title EscrowLife
/// @notice The money of one agreement: deposits, settlements with penalties, arrears, retainers and draws.
/// @dev How much of a fee, a retainer or of arrears is paid is any amount that the escrow holds.
contract EscrowLife {
    uint256 private _deposited;
    uint256 private _drawn;
    uint256 private _escrow;
    uint256 private _bond;
    uint256 private _due;

    function fund(uint64 amount) external {
        _deposited += amount;
        _escrow += amount;
    }

    function postBond(uint64 amount) external {
        _deposited += amount;
        _bond += amount;
    }

    function penalise(uint64 fromBond) external {
        require(fromBond <= _bond);
        _bond -= fromBond;
        _escrow += fromBond;
    }

    function pay(uint64 amount) external {
        require(amount <= _escrow);
        _escrow -= amount;
        _due += amount;
    }

    function draw(uint64 amount) external {
        require(amount <= _due);
        _due -= amount;
        _drawn += amount;
    }

    function release() external {
        _drawn += _escrow + _bond;
        _escrow = 0;
        _bond = 0;
    }

    /// @notice 05: to the wei, whatever happened in whatever order.
    function checkConservation() external view {
        assert(_escrow + _bond + _due + _drawn == _deposited);
    }
}

/// @title EscrowLifeRefuted
/// @notice A fee that is paid whether the escrow holds it or not, because the bond stands behind it.
contract EscrowLifeRefuted {
    uint256 private _deposited;
    uint256 private _escrow;
    uint256 private _bond;
    uint256 private _contractor;

    function fund(uint64 amount) external {
        _deposited += amount;
        _escrow += amount;
    }

    function postBond(uint64 amount) external {
        _deposited += amount;
        _bond += amount;
    }

    function settle(uint64 fee) external {
        require(fee <= _escrow + _bond);
        _escrow -= fee < _escrow ? fee : _escrow;
        _contractor += fee;
    }

    function checkConservation() external view {
        assert(_escrow + _bond + _contractor == _deposited);
    }
}

/// @title LotteryLife
/// @notice An order closes early only when residents confirmed it and the lot passed it by.
contract LotteryLife {
    bool private _nominated;
    bool private _known;
    bool private _chosen;
    bool private _confirmed;
    bool private _windowOver;
    bool private _closed;
    bool private _early;

    function nominate() external {
        require(!_nominated && !_windowOver && !_closed);
        _nominated = true;
    }

    function draw(bool chosen) external {
        require(_nominated && !_known);
        _known = true;
        _chosen = chosen;
    }

    function confirm() external {
        _confirmed = true;
    }

    function endWindow() external {
        _windowOver = true;
    }

    function settle() external {
        require(!_closed && (_windowOver || (_known && !_chosen && _confirmed)));
        _closed = true;
        _early = !_windowOver;
    }

    function checkEarly() external view {
        if (_early) assert(_nominated && _known && !_chosen && _confirmed);
    }
}

/// @title LotteryLifeRefuted
/// @notice Confirmations alone that close an order.
contract LotteryLifeRefuted {
    bool private _chosen;
    bool private _confirmed;
    bool private _closed;

    function draw(bool chosen) external {
        require(!_closed);
        _chosen = chosen;
    }

    function confirm() external {
        _confirmed = true;
    }

    function settle() external {
        require(_confirmed);
        _closed = true;
    }

    function checkEarly() external view {
        if (_closed) assert(!_chosen);
    }
}

/// @title TwoOfThree
/// @notice Two of a device's three parties: two different accounts agreed, also where one account holds several offices.
/// @dev `EquipmentRegister._requireTwoOfThree`. Left out: signatures and the deadline.
contract TwoOfThree {
    function checkTwo(
        uint160 owner,
        uint160 installer,
        uint160 manufacturer,
        bool byOwner,
        bool byInstaller,
        bool byManufacturer
    ) external pure {
        uint256 count = byOwner ? 1 : 0;
        if (byInstaller && !(byOwner && installer == owner)) ++count;
        if (byManufacturer && !(byOwner && manufacturer == owner) && !(byInstaller && manufacturer == installer))
            ++count;
        require(count >= 2);
        assert(
            (byOwner && byInstaller && owner != installer) ||
                (byOwner && byManufacturer && owner != manufacturer) ||
                (byInstaller && byManufacturer && installer != manufacturer)
        );
    }
}

/// @title TwoOfThreeRefuted
/// @notice A count of offices: one account in two of them would do.
contract TwoOfThreeRefuted {
    function checkTwo(uint160 owner, uint160 installer, bool byOwner, bool byInstaller) external pure {
        require((byOwner ? 1 : 0) + (byInstaller ? 1 : 0) >= 2);
        assert(owner != installer);
    }
}

/// @title PanelVerdict
/// @notice What the verdict of a panel of three is when the bond is paid, it stays: later votes cannot turn it.
/// @dev `ResidentForum.vote`, `verdictOf` and `payBond`. Left out: the draw of the panel, and who votes; each of the three
/// does once, so there are three votes at most.
contract PanelVerdict {
    bool internal _over;
    uint256 internal _for;
    uint256 internal _against;
    bool internal _paid;

    // What the verdict was when the bond was paid.
    bool internal _upheld;

    function passVoteUntil() external {
        _over = true;
    }

    function vote(bool uphold) external virtual {
        require(!_over && _for + _against < 3);
        _for += uphold ? 1 : 0;
        _against += uphold ? 0 : 1;
    }

    function payBond() external {
        require(!_paid && (_for > 1 || _against > 1 || _over));
        (_paid, _upheld) = (true, _for > _against);
    }

    function checkVerdict() external view {
        assert(!_paid || _upheld == (_for > _against));
    }
}

/// @title PanelVerdictRefuted
/// @notice A forum that still takes a vote when the time is over.
contract PanelVerdictRefuted is PanelVerdict {
    function vote(bool uphold) external override {
        require(_for + _against < 3);
        _for += uphold ? 1 : 0;
        _against += uphold ? 0 : 1;
    }
}

/// @title ResidentsAgree
/// @notice Residents' agreement: nobody's word counts twice in a round, so as many words are as many residents.
/// @dev `ResidentForum.say` for one device and subject; one resident is watched. `_stale` is that the round is over by time
/// or by agreement. Left out: who is a resident, which is asked at every word.
contract ResidentsAgree {
    bool internal _stale = true;
    bool internal _said;
    uint256 internal _count;

    // How often the watched resident counts in this round.
    uint256 internal _times;

    function passRound() external {
        _stale = true;
    }

    function say(uint16 needed) external virtual {
        require(_stale || !_said);
        _times = _stale ? 1 : _times + 1;
        _count = _stale ? 1 : _count + 1;
        (_said, _stale) = (true, _count >= needed);
    }

    function sayOther(uint16 needed) external {
        _times = _stale ? 0 : _times;
        _said = _stale ? false : _said;
        _count = _stale ? 1 : _count + 1;
        _stale = _count >= needed;
    }

    function checkOnce() external view {
        assert(_times <= 1 && _times <= _count);
    }
}

/// @title ResidentsAgreeRefuted
/// @notice A forum that does not note who spoke.
contract ResidentsAgreeRefuted is ResidentsAgree {
    function say(uint16 needed) external override {
        _times = _stale ? 1 : _times + 1;
        _count = _stale ? 1 : _count + 1;
        (_said, _stale) = (true, _count >= needed);
    }
}

/// @title OrderMoney
/// @notice The money of an order moves once: when it clears itself, when it is settled or ruled on, or at the latest when
/// the next order of its kind opens.
/// @dev `WorkOrders.open`, `proveRepair`, `selfClear`, `dispute` or `inspect`, `settle` and `rule`. `_live` stands for all
/// states up to Verifying, also after a claim, from where a claim disproved or lapsed leads back. Left out: who, when, and
/// how much.
contract OrderMoney {
    bool internal _live;
    bool internal _restored;
    bool internal _disputed;

    // Whether the money of this order moved (before the first order there is none to move), and whether some order's moved
    // twice or not at all.
    bool internal _moved = true;
    bool internal _wrong;

    function open() external {
        require(!_live && !_disputed);
        _wrong = _wrong || _restored == _moved;
        (_live, _restored, _moved) = (true, false, false);
    }

    function prove() external {
        require(_live);
        (_live, _restored) = (false, true);
    }

    function selfClear() external {
        require(_live);
        (_wrong, _moved, _live) = (_wrong || _moved, true, false);
    }

    function dispute() external {
        require(_restored);
        (_restored, _disputed) = (false, true);
    }

    function settle() external virtual {
        require(_restored);
        (_wrong, _moved, _restored) = (_wrong || _moved, true, false);
    }

    /// @dev Upheld, the repair failed: this order is closed and the next one opens.
    function rule(bool upheld) external {
        require(_disputed);
        (_wrong, _moved, _disputed, _live) = (_wrong || _moved, !upheld, false, upheld);
    }

    function checkMoney() external view {
        assert(!_wrong);
    }
}

/// @title OrderMoneyRefuted
/// @notice Orders that are settled while a panel still looks at them.
contract OrderMoneyRefuted is OrderMoney {
    function settle() external override {
        require(_restored || _disputed);
        (_wrong, _moved, _restored) = (_wrong || _moved, true, false);
    }
}

/// @title DeviceRekey
/// @notice A device's new key: in force only after the whole notice of its own announcement, and not once anybody stopped it.
/// @dev `EquipmentRegister.proposeKey`, `cancelKey` and `applyKey` for one device. Left out: two of three and the key's own
/// signature (TwoOfThree, RequestOnce), and that no key serves twice, which one mapping never cleared says.
contract DeviceRekey {
    uint256 internal constant DELAY = 3 days;
    uint256 internal _now;
    bool internal _pending;
    uint256 internal _readyAt;

    // Of the announcement that is or was pending: since when, and whether one of the parties stopped it.
    uint256 internal _announcedAt;
    bool internal _stopped;
    bool private _hasty;

    function pass(uint32 time) external {
        _now += time;
    }

    function propose() external virtual {
        (_pending, _readyAt) = (true, _now + DELAY);
        (_announcedAt, _stopped) = (_now, false);
    }

    function cancel() external {
        require(_pending);
        (_pending, _stopped) = (false, true);
    }

    function applyKey() external {
        require(_pending && _now >= _readyAt);
        _hasty = _hasty || _stopped || _now < _announcedAt + DELAY;
        _pending = false;
    }

    function checkNotice() external view {
        assert(!_hasty);
    }
}

/// @title DeviceRekeyRefuted
/// @notice A register in which another key takes over the time of the one it replaces.
contract DeviceRekeyRefuted is DeviceRekey {
    function propose() external override {
        _readyAt = _pending ? _readyAt : _now + DELAY;
        (_pending, _announcedAt, _stopped) = (true, _now, false);
    }
}

/// @title GatewayMoney
/// @notice A gateway's bond: it stands while the gateway can be exposed, and what is held is bonds and balances, to the wei.
/// @dev `GatewaySweeps.join`, `resign`, `expose` and `withdraw` for one gateway; all other accounts are one. The gateway may
/// be among those whom its exposure pays. Left out: what proves a lie, and the window's length.
contract GatewayMoney {
    uint256 internal immutable _BOND;
    bool internal _joined;
    bool internal _serving;
    bool internal _leaving;
    bool internal _due;
    uint256 internal _held;
    uint256 internal _own;
    uint256 private _others;

    constructor(uint64 bond) {
        _BOND = bond;
    }

    function join() external {
        require(!_joined);
        (_joined, _serving) = (true, true);
        _held += _BOND;
    }

    function resign() external {
        require(_serving && !_leaving);
        (_leaving, _due) = (true, false);
        _own += _BOND;
    }

    function passWindow() external {
        _due = true;
    }

    function expose(uint64 toItself) external {
        require(_serving && toItself <= _BOND);
        _own = _own + toItself - (_leaving ? _BOND : 0);
        _others += _BOND - toItself;
        (_serving, _leaving) = (false, false);
    }

    /// @dev Another gateway's bond, of which this one may get a share.
    function exposeOther(uint64 share, uint64 rest) external {
        _held += uint256(share) + rest;
        _own += share;
        _others += rest;
    }

    function withdraw() external virtual {
        require(_own > 0 && (_due || !_joined));
        _held -= _own;
        (_own, _serving) = (0, _serving && !_leaving);
    }

    function withdrawOther(uint64 amount) external {
        require(amount <= _others);
        _others -= amount;
        _held -= amount;
    }

    /// @notice Whoever can be exposed has its bond at stake, and every balance is backed.
    function checkBond() external view {
        assert(_held == _own + _others + (_serving && !_leaving ? _BOND : 0));
        assert(!_serving || !_leaving || _own >= _BOND);
    }
}

/// @title GatewayMoneyRefuted
/// @notice A gateway that stays exposable when its bond has left.
contract GatewayMoneyRefuted is GatewayMoney(1 ether) {
    function withdraw() external override {
        require(_own > 0 && _due);
        _held -= _own;
        _own = 0;
    }
}
