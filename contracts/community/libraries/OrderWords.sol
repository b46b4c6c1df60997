// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What opened an order; there is at most one live order of a kind for a device.
enum FaultKind {
    Limits,
    Silence,
    Reported
}

/// @notice Where an order stands. `Open` lives inside the opening transaction only.
enum OrderState {
    None,
    Open,
    Assigned,
    Accepted,
    OnSite,
    Working,
    OnHold,
    Verifying,
    Restored,
    Disputed,
    Closed,
    SelfCleared
}

/// @notice One repair.
struct Order {
    OrderState state;
    /// @notice 1 on duty, 2 lead, 3 principal, 4 backup contractor, 5 owners and regulator look on.
    uint8 level;
    /// @notice Member's seat, or LEAD, PRINCIPAL, BACKUP of CrewRota.
    uint8 seat;
    uint16 crew;
    /// @notice Counts the orders of this device and kind, from 1.
    uint16 number;
    uint32 openedAt;
    /// @notice Seconds from opening to first acceptance, arrival, restoration; at least 1; 0: did not happen.
    uint32 accepted;
    uint32 arrived;
    uint32 restored;
    /// @notice When the present state began, unix seconds.
    uint32 stageAt;
    /// @notice Whole minutes spent waiting for parts.
    uint16 held;
    /// @notice Claims of repair that the device's readings refuted or never confirmed.
    uint8 failures;
    /// @notice Failure class, mode and cause, one byte each (code space shaped like ISO 14224).
    uint24 code;
    /// @notice Opened inside the warranty of the order before it.
    bool redo;
}

/// @title OrderWords
/// @notice The one slot of an order.
/// @dev | state 4 | level 4 | seat 8 | crew 16 | number 16 | openedAt 32 | accepted 28 | arrived 28 | restored 28
///      | stageAt 32 | held 16 | failures 8 | code 24 | free 11 | redo 1 |  (most significant first)
library OrderWords {
    /// @notice Longest span the slot can hold, seconds: eight and a half years.
    uint256 internal constant MAX_SPAN = (1 << 28) - 1;

    function unpackOrder(uint256 word) internal pure returns (Order memory order) {
        order.state = OrderState(word >> 252);
        order.level = uint8((word >> 248) & 15);
        order.seat = uint8(word >> 240);
        order.crew = uint16(word >> 224);
        order.number = uint16(word >> 208);
        order.openedAt = uint32(word >> 176);
        order.accepted = uint32((word >> 148) & MAX_SPAN);
        order.arrived = uint32((word >> 120) & MAX_SPAN);
        order.restored = uint32((word >> 92) & MAX_SPAN);
        order.stageAt = uint32(word >> 60);
        order.held = uint16(word >> 44);
        order.failures = uint8(word >> 36);
        order.code = uint24(word >> 12);
        order.redo = word & 1 != 0;
    }

    function pack(Order memory order) internal pure returns (uint256 word) {
        word = (uint256(order.state) << 252) | (uint256(order.level) << 248) | (uint256(order.seat) << 240);
        word |= (uint256(order.crew) << 224) | (uint256(order.number) << 208) | (uint256(order.openedAt) << 176);
        word |= (uint256(order.accepted) << 148) | (uint256(order.arrived) << 120);
        word |= (uint256(order.restored) << 92) | (uint256(order.stageAt) << 60) | (uint256(order.held) << 44);
        word |= (uint256(order.failures) << 36) | (uint256(order.code) << 12);
        word |= order.redo ? 1 : 0;
    }

    /// @notice Whether work or judgement on the order is still going on: no other of its kind can open.
    function isLive(Order memory order) internal pure returns (bool) {
        return
            (order.state >= OrderState.Open && order.state <= OrderState.Verifying) ||
            order.state == OrderState.Disputed;
    }

    /// @notice Seconds from opening to `moment`, at least 1, at most MAX_SPAN.
    function since(Order memory order, uint256 moment) internal pure returns (uint32) {
        uint256 span = moment > order.openedAt ? moment - order.openedAt : 1;
        return uint32(span > MAX_SPAN ? MAX_SPAN : span);
    }
}
