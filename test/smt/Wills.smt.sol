// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// For the model checker. Every public function is a step anybody may take, in any order and with any arguments; who may
// take it in the contracts is left out, so the rules hold whoever does. Each twin is the same machine with one guard missing.

/// @title WillStages
/// @notice One will from its creation on: once released or revoked it never comes alive again, whoever seals, vetoes,
/// claims or finalises, and a revoked will is never released.
/// @dev Steps as in `WillLife` and `WillDeath`. `_exists` is `version != 0`, `_claimed` is `windowEnd != 0`, which stays set
/// after the release and stands in the way of all that a living testator does; `_ended` is a stage other than ALIVE, and
/// sealing writes the stage anew. Left out: time, versions, and the stages after the release, which come from Released only.
contract WillStages {
    bool internal _exists;
    bool internal _claimed;
    bool internal _ended;

    // What happened to it.
    bool internal _released;
    bool internal _revoked;

    function create() external {
        require(!_exists && !_ended);
        (_exists, _claimed) = (true, false);
    }

    function supersede() external virtual {
        require(_exists && !_claimed);
        _ended = false;
    }

    function revoke() external {
        require(_exists && !_claimed);
        (_exists, _ended, _revoked) = (false, true, true);
    }

    /// @dev `claimDeath`, which needs an active will, and `claimOverdue`.
    function claim() external {
        require(_exists && !_claimed);
        _claimed = true;
    }

    /// @dev Any sign of life while a claim is pending.
    function veto() external {
        require(_claimed && !_ended);
        _claimed = false;
    }

    function finalise() external {
        require(_claimed && !_ended);
        (_ended, _released) = (true, true);
    }

    function checkStages() external view {
        assert(!(_released && _revoked) && (_ended == (_released || _revoked)));
    }
}

/// @title WillStagesRefuted
/// @notice A registry that seals anew without looking for a claim: a released will would come alive.
contract WillStagesRefuted is WillStages {
    function supersede() external override {
        require(_exists);
        _ended = false;
    }
}

/// @title WillWindow
/// @notice No release before the whole window has passed since the claim that leads to it, and as much again for every
/// guardian who lengthened it; a sign of life takes the claim back, whenever it comes before the release.
/// @dev `claimDeath`, `claimOverdue`, `extendWindow`, `_vetoClaim` and `finalise`; days. The window is any at all, also the
/// 30 and 180 days that `_isValid` asks for at least.
contract WillWindow {
    uint256 internal _now = 1;
    uint256 internal _windowEnd;
    bool internal _released;

    // When the pending claim began plus its window, lengthened.
    uint256 internal _least;

    function pass(uint16 time) external {
        _now += time;
    }

    function claim(uint16 window) external {
        require(_windowEnd == 0);
        _windowEnd = _now + window;
        _least = _now + window;
    }

    function extend() external {
        require(_windowEnd != 0 && !_released && _now < _windowEnd);
        _windowEnd += 30;
        _least += 30;
    }

    function veto() external {
        require(_windowEnd != 0 && !_released);
        _windowEnd = 0;
    }

    function finalise() external virtual {
        require(_windowEnd != 0 && !_released && _now >= _windowEnd);
        _released = true;
    }

    function checkWindow() external view {
        assert(!_released || (_windowEnd != 0 && _now >= _least));
    }
}

/// @title WillWindowRefuted
/// @notice A registry that looks at the end of the window alone: after a veto it is zero, and that is past.
contract WillWindowRefuted is WillWindow {
    function finalise() external override {
        require(!_released && _now >= _windowEnd);
        _released = true;
    }
}

/// @title WillVersions
/// @notice An acceptance counts for the version it was signed for; a will is active, and is claimed by registrars, only with
/// as many of the current version as it asks for, and the version does not change while it is claimed or afterwards.
/// @dev `accept`, `supersede`, `claimDeath` and `_vetoClaim` for two heirs, both of whom must accept. A signature names the
/// version. A release leaves the claim in place, see `WillStages`, so here it is no step. Left out: overdue claims, which
/// need no acceptance, and revocation.
contract WillVersions {
    uint256 internal _version = 1;
    bool internal _first;
    bool internal _second;
    bool internal _active;
    bool internal _claimed;

    // The version each heir signed for last.
    uint256 internal _firstSigned;
    uint256 internal _secondSigned;

    function acceptFirst(uint256 version) external {
        require(!_claimed && version == _version);
        (_first, _firstSigned) = (true, version);
        _active = _active || _second;
    }

    function acceptSecond(uint256 version) external {
        require(!_claimed && version == _version);
        (_second, _secondSigned) = (true, version);
        _active = _active || _first;
    }

    function supersede() external virtual {
        require(!_claimed);
        _version += 1;
        (_first, _second, _active) = (false, false, false);
    }

    function claim() external {
        require(_active && !_claimed);
        _claimed = true;
    }

    function veto() external {
        require(_claimed);
        _claimed = false;
    }

    function checkVersion() external view {
        assert((!_active && !_claimed) || (_firstSigned == _version && _secondSigned == _version));
    }
}

/// @title WillVersionsRefuted
/// @notice A registry in which one heir's acceptance outlives the version.
contract WillVersionsRefuted is WillVersions {
    function supersede() external override {
        require(!_claimed);
        _version += 1;
        (_second, _active) = (false, false);
    }
}

/// @title WillQuorum
/// @notice Nobody counts twice in a quorum: of the signers counted, any one was counted once.
/// @dev The loop that `WillDeath.claimDeath` (registrars by address), `HeirLoss._requireVotes` (guardians by number) and
/// `EstateVault._requireExecutors` (by index) share: each signer lies above the one before. Any signer is watched. Left
/// out: that the signature is the signer's and that the signer holds the office.
contract WillQuorum {
    uint256 internal _previous;
    uint256 internal _watched;
    uint256 internal _times;

    function begin(uint256 watched) external {
        (_previous, _watched, _times) = (0, watched, 0);
    }

    function sign(uint256 signer) external virtual {
        require(signer > _previous);
        _times += signer == _watched ? 1 : 0;
        _previous = signer;
    }

    function checkQuorum() external view {
        assert(_times <= 1);
    }
}

/// @title WillQuorumRefuted
/// @notice Signers that need not ascend strictly.
contract WillQuorumRefuted is WillQuorum {
    function sign(uint256 signer) external override {
        require(signer >= _previous);
        _times += signer == _watched ? 1 : 0;
        _previous = signer;
    }
}

/// @title WillShares
/// @notice The guardians' lock: shares are published after the release only, each once, so a lock of two opens by the hands
/// of two.
/// @dev `WillRegistry.publishShare` with its bitmap, for three guardians of whom two are needed. Left out: that a share is
/// the committed one, and the heirs' lock, which is not on chain.
contract WillShares {
    bool internal _released;
    bool internal _first;
    bool internal _second;
    bool internal _third;
    uint256 internal _published;

    function release() external {
        _released = true;
    }

    function publishFirst() external virtual {
        require(_released && !_first);
        _first = true;
        _published += 1;
    }

    function publishSecond() external {
        require(_released && !_second);
        _second = true;
        _published += 1;
    }

    function publishThird() external {
        require(_released && !_third);
        _third = true;
        _published += 1;
    }

    function checkShares() external view {
        assert(_published < 2 || (_released && (_first ? _second || _third : _second && _third)));
    }
}

/// @title WillSharesRefuted
/// @notice A registry that counts a share each time it is sent.
contract WillSharesRefuted is WillShares {
    function publishFirst() external override {
        require(_released);
        _first = true;
        _published += 1;
    }
}

/// @title WillExtensions
/// @notice Guardians delay and do no more: three at most in one claim, each once, and none whose leak is proven.
/// @dev `extendWindow`, `proveLeak` and `_vetoClaim`, which clears the bits; one guardian is watched, the others are many.
/// Left out: the window itself, see `WillWindow`, and that each of the others acts once.
contract WillExtensions {
    bool internal _extended;
    bool internal _leaked;
    uint256 internal _count;

    // How often the watched guardian lengthened this claim, and whether it did after its leak.
    uint256 internal _times;
    bool internal _afterLeak;

    function extend() external virtual {
        require(!_leaked && !_extended && _count < 3);
        (_extended, _afterLeak) = (true, _leaked);
        _count += 1;
        _times += 1;
    }

    function extendByOther() external {
        require(_count < 3);
        _count += 1;
    }

    function proveLeak() external {
        require(!_leaked);
        _leaked = true;
    }

    function veto() external {
        (_extended, _count, _times) = (false, 0, 0);
    }

    function checkExtensions() external view {
        assert(_count <= 3 && _times <= 1 && !_afterLeak);
    }
}

/// @title WillExtensionsRefuted
/// @notice A registry that lets one guardian lengthen the window again and again.
contract WillExtensionsRefuted is WillExtensions {
    function extend() external override {
        require(!_leaked && _count < 3);
        (_extended, _afterLeak) = (true, _leaked);
        _count += 1;
        _times += 1;
    }
}

/// @title WillBond
/// @notice The bond of a claim without evidence: held, or credited once, to the testator after a veto and to the claimant
/// after the release.
/// @dev `claimOverdue`, `claimDeath`, `_vetoClaim`, `finalise` and `_creditBond`, in bonds; the flag BONDED stays after a
/// release. Left out: what the credits are paid to, see `withdrawBond`.
contract WillBond {
    bool internal _claimed;
    bool internal _bonded;
    bool internal _released;

    // Bonds taken and credited.
    uint256 internal _in;
    uint256 internal _credited;

    function claimOverdue() external {
        require(!_claimed);
        (_claimed, _bonded) = (true, true);
        _in += 1;
    }

    function claimDeath() external {
        require(!_claimed);
        _claimed = true;
    }

    function veto() external virtual {
        require(_claimed && !_released);
        _credited += _bonded ? 1 : 0;
        (_claimed, _bonded) = (false, false);
    }

    function finalise() external {
        require(_claimed && !_released);
        _credited += _bonded ? 1 : 0;
        _released = true;
    }

    function checkBond() external view {
        assert(_in == _credited + (_bonded && !_released ? 1 : 0));
    }
}

/// @title WillBondRefuted
/// @notice A registry that forgets to clear the flag when a claim is vetoed.
contract WillBondRefuted is WillBond {
    function veto() external override {
        require(_claimed && !_released);
        _credited += _bonded ? 1 : 0;
        _claimed = false;
    }
}

/// @title HeirLossLife
/// @notice An heir is lost only when the whole objection period has passed since the very proposal, twice as long once the
/// heir objected and refusal counts; elsewhere an objection ends the proposal.
/// @dev `HeirLoss.propose`, `objectAsHeir` and `confirm`; days. Left out: the guardians' votes, see `WillQuorum`.
contract HeirLossLife {
    uint256 internal _now = 1;
    uint256 internal _confirmAt;
    bool internal _objected;
    bool internal _confirmed;

    // When the pending proposal was made.
    uint256 internal _proposedAt;

    function pass(uint16 time) external {
        _now += time;
    }

    function propose() external {
        require(_confirmAt == 0);
        (_proposedAt, _confirmAt, _objected) = (_now, _now + 60, false);
    }

    function objectWhereRefusalCounts() external virtual {
        require(_confirmAt != 0 && !_confirmed && _now < _confirmAt && !_objected);
        _objected = true;
        _confirmAt += 60;
    }

    function objectElsewhere() external {
        require(_confirmAt != 0 && !_confirmed && _now < _confirmAt);
        _confirmAt = 0;
    }

    function confirm() external {
        require(_confirmAt != 0 && !_confirmed && _now >= _confirmAt);
        _confirmed = true;
    }

    function checkLoss() external view {
        assert(!_confirmed || (_confirmAt != 0 && _now >= _proposedAt + (_objected ? 120 : 60)));
    }
}

/// @title HeirLossLifeRefuted
/// @notice An objection that is noted and puts nothing off.
contract HeirLossLifeRefuted is HeirLossLife {
    function objectWhereRefusalCounts() external override {
        require(_confirmAt != 0 && !_confirmed && _now < _confirmAt && !_objected);
        _objected = true;
    }
}

/// @title EstateOrder
/// @notice The estate's order: the testator moves nothing after the release, executors only between it and the end of the
/// administration, within the cap, and heirs only after it.
/// @dev `EstateVault._testatorActs`, `beginSettlement`, `openAsset`, `release`, `assent` (or the time) and `claim` of one
/// asset and one of its two caps. Left out: quorums, see `WillQuorum`, and what is due to whom, see `EstateShares`.
contract EstateOrder {
    bool internal _released;
    bool internal _begun;
    bool internal _over;
    bool internal _open;
    uint256 internal _left;

    // What the cap was, what executors paid, and whether somebody acted out of turn.
    uint256 internal _cap;
    uint256 internal _paid;
    bool internal _heirsPaid;
    bool internal _outOfTurn;

    function withdraw() external {
        require(!_released);
        _outOfTurn = _outOfTurn || _heirsPaid || _paid != 0;
    }

    function finalise() external {
        _released = true;
    }

    function beginSettlement() external {
        require(_released && !_begun);
        _begun = true;
    }

    function openAsset(uint64 cap) external {
        require(_begun && !_open);
        (_open, _left, _cap) = (true, cap, cap);
    }

    function release(uint64 amount) external virtual {
        require(_begun && !_over && amount <= _left);
        _left -= amount;
        _paid += amount;
        _outOfTurn = _outOfTurn || _heirsPaid;
    }

    function endAdministration() external {
        require(_begun);
        _over = true;
    }

    function claim() external {
        require(_begun && _over && _open);
        _heirsPaid = true;
    }

    function checkOrder() external view {
        assert(!_outOfTurn && _paid <= _cap && (!_heirsPaid || _released));
    }
}

/// @title EstateOrderRefuted
/// @notice Executors who may pay after the administration: heirs would be paid from what is spent behind their backs.
contract EstateOrderRefuted is EstateOrder {
    function release(uint64 amount) external override {
        require(_begun && amount <= _left);
        _left -= amount;
        _paid += amount;
        _outOfTurn = _outOfTurn || _heirsPaid;
    }
}

/// @title EstateShares
/// @notice Two heirs of one half each: together they are never paid more than came in, and neither more than the half,
/// whatever comes in late and whoever claims first.
/// @dev `EstateVault.claim` and `_due` for two fractions of 5000 basis points of one asset, after the administration. `half`
/// is ⌊net / 2⌋. Left out: fixed sums, streams, lapses, other fractions, and tokens whose balance changes by itself.
contract EstateShares {
    uint256 internal _balance;
    uint256 internal _first;
    uint256 internal _second;

    // What came in.
    uint256 internal _in;

    function deposit(uint64 amount) external {
        _balance += amount;
        _in += amount;
    }

    function claimFirst(uint256 half) external virtual {
        uint256 net = _balance + _first + _second;
        require(2 * half <= net && net <= 2 * half + 1 && half > _first);
        require(half - _first <= _balance);
        _balance -= half - _first;
        _first = half;
    }

    function claimSecond(uint256 half) external {
        uint256 net = _balance + _first + _second;
        require(2 * half <= net && net <= 2 * half + 1 && half > _second);
        require(half - _second <= _balance);
        _balance -= half - _second;
        _second = half;
    }

    function checkShares() external view {
        assert(_balance + _first + _second == _in && 2 * _first <= _in && 2 * _second <= _in);
    }
}

/// @title EstateSharesRefuted
/// @notice A vault that forgets what it paid: who claims often is paid more than the half.
contract EstateSharesRefuted is EstateShares {
    function claimFirst(uint256 half) external override {
        require(2 * half <= _balance && _balance <= 2 * half + 1 && half > 0);
        _balance -= half;
        _first += half;
    }
}
