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
